/** What every service answers without a token, for the OpenAPI document. */
const text = { 'text/plain': { schema: { type: 'string' } } };
const json = { 'application/json': { schema: { type: 'object' } } };

const open = (operationId: string, summary: string, responses: Readonly<Record<number, unknown>>) => ({
  get: { operationId, summary, tags: ['Service'], security: [], responses },
});

export const openPaths = {
  '/livez': open('live', 'The process answers', { 200: { description: 'It does', content: json } }),
  '/readyz': open('ready', "The service's own dependencies are usable; no connector is one of them", {
    200: { description: 'All are', content: json },
    503: { description: 'Those named in `checks` are not', content: json },
  }),
  '/metrics': open('metrics', 'Figures for Prometheus', { 200: { description: 'In its text format', content: text } }),
  '/openapi.json': open('openapi', 'This document', { 200: { description: 'OpenAPI 3.1', content: json } }),
};
