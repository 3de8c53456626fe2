import { sendText, type Route } from './http-server.js';

export interface Health {
  /** Why the worker cannot take work now, or `null` when it can. */
  notReady(): Promise<string | null>;
}

/** `/healthz`: the process is alive. `/readyz`: it polls, and Temporal answers; 503 while it drains. */
export function healthRoutes(health: Health): readonly Route[] {
  return [
    {
      method: 'GET',
      path: /^\/healthz$/,
      handle: (_request, response) => {
        sendText(response, 200, 'ok');
      },
    },
    {
      method: 'GET',
      path: /^\/readyz$/,
      handle: async (_request, response) => {
        const reason = await health.notReady();
        if (reason === null) sendText(response, 200, 'ready');
        else sendText(response, 503, reason);
      },
    },
  ];
}
