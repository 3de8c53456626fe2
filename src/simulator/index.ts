export { startSimulator, type SimulatedJob, type Simulator, type SimulatorOptions } from './simulator.js';
export { JournalError } from './journal.js';
