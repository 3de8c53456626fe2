import { MemoryStore } from './memory-store.js';
import { videoStoreSuite } from './video-store.suite.js';

videoStoreSuite('a third storage', () => {
  const store = new MemoryStore();
  return Promise.resolve({
    store,
    put: (key, content) => Promise.resolve(void store.finished.set(key, Buffer.from(content))),
    get: (key) => Promise.resolve(store.finished.get(key) ?? null),
    everything: () => Promise.resolve(store.everything()),
    close: () => Promise.resolve(),
  });
});
