import { setTimeout } from 'node:timers/promises';
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Span,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  RandomIdGenerator,
  type IdGenerator,
} from '@opentelemetry/sdk-trace-base';
import { traceIdsOf, type TracedRun } from './trace-ids.js';

export interface Tracing {
  /** One piece of work for a run. What it throws is named by its type alone: messages hold other people's words. */
  span<T>(run: TracedRun, name: string, attributes: Attributes, work: () => Promise<T>): Promise<T>;
  /** The whole run, once it has ended: the span that all others are below. */
  root(run: TracedRun, name: string, attributes: Attributes, end: RunEnd): void;
  /** Sends what is left. Never rejects. */
  close(): Promise<void>;
}

interface RunEnd {
  readonly startedAt: Date;
  /** `null`: well. */
  readonly failure: string | null;
}

/** A collector that is away must not hold up a command that has done its work. */
const CLOSE_MS = 3_000;

/** Everything else is read from the standard `OTEL_*` variables by OpenTelemetry itself. */
export function startTracing(): Tracing {
  const ids = new PlannedIds();
  const provider = new BasicTracerProvider({
    idGenerator: ids,
    resource: resourceFromAttributes({ 'service.name': 'longtake' }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  const tracer = provider.getTracer('longtake');
  return {
    async span(run, name, attributes, work) {
      const { traceId, rootId } = traceIdsOf(run);
      const above = { traceId, spanId: rootId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
      const context = trace.setSpanContext(ROOT_CONTEXT, above);
      const options = { kind: SpanKind.CLIENT, attributes: { ...runAttributes(run), ...attributes } };
      const span = tracer.startSpan(name, options, context);
      try {
        return await work();
      } catch (error) {
        fail(span, typeOf(error));
        throw error;
      } finally {
        span.end();
      }
    },
    root(run, name, attributes, { startedAt, failure }) {
      const options = { root: true, startTime: startedAt, attributes: { ...runAttributes(run), ...attributes } };
      const span = ids.plan(traceIdsOf(run), () => tracer.startSpan(name, options, ROOT_CONTEXT));
      if (failure !== null) fail(span, failure);
      span.end();
    },
    async close() {
      const sent = provider.shutdown().catch(() => undefined);
      await Promise.race([sent, setTimeout(CLOSE_MS, undefined, { ref: false })]);
    },
  };
}

/** Random ids, but for a root span, whose ids are known beforehand. */
class PlannedIds implements IdGenerator {
  private readonly random = new RandomIdGenerator();
  private planned: { readonly traceId: string; readonly rootId: string } | null = null;
  generateTraceId = (): string => this.planned?.traceId ?? this.random.generateTraceId();
  generateSpanId = (): string => this.planned?.rootId ?? this.random.generateSpanId();

  plan(ids: { readonly traceId: string; readonly rootId: string }, start: () => Span): Span {
    this.planned = ids;
    try {
      return start();
    } finally {
      this.planned = null;
    }
  }
}

function runAttributes({ namespace, workflowId }: TracedRun): Attributes {
  return { 'temporal.namespace': namespace, 'temporal.workflow.id': workflowId };
}

function fail(span: Span, type: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function typeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'type' in error && typeof error.type === 'string' ? error.type : error.name;
}
