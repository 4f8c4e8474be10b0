import type { Logger } from '@mirror/runtime';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isDatabaseUnavailable } from '../database/database-errors.js';
import { type Problem, problem, Refusal } from './problem.js';
import type { RouteTable } from './route-table.js';

/** Makes problem details of whatever is thrown, the framework's own included. What is our fault is logged here, once. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly routes: RouteTable,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const answer = this.toProblem(error, request, reply);
    if (answer.status >= 500) {
      const { method, url, id } = request;
      this.logger.error({ err: error, method, url: url.split('?', 1)[0], requestId: id }, 'a call failed');
    }
    if (reply.sent) return;
    if (answer.status === 401) reply.header('www-authenticate', 'Bearer realm="zenko-mirror"');
    void reply.status(answer.status).type('application/problem+json').send(JSON.stringify(answer));
  }

  private toProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): Problem {
    if (error instanceof Refusal) return problem(error.problemCode, error.message, error.hint, error.extras);
    if (isDatabaseUnavailable(error)) {
      return problem('CONFIG.DATABASE_UNAVAILABLE', 'The database does not answer.', 'Try again in a moment.');
    }
    switch (frameworkStatus(error)) {
      case 400:
        return problem(
          'REQUEST.MALFORMED',
          'The body is no valid JSON, or the URL is malformed.',
          'Send JSON in UTF-8.',
        );
      case 404:
        return this.notFound(request, reply);
      case 413:
        return problem('REQUEST.TOO_LARGE', 'The body is larger than any call needs.', 'Send at most 64 KiB.');
      case 414:
        return problem('REQUEST.URI_TOO_LONG', 'The URL is too long.', 'Names have at most 64 characters.');
      case 415:
        return problem('REQUEST.MEDIA_TYPE', 'The body is not JSON.', 'Send content-type: application/json.');
      case 503:
        return problem('CONFIG.STOPPING', 'The service is going down.', 'Try again in a moment.');
      default:
        return problem(
          'CONFIG.INTERNAL',
          'Something went wrong in the service.',
          `The service's log has more, under the request id ${request.id}.`,
        );
    }
  }

  private notFound(request: FastifyRequest, reply: FastifyReply): Problem {
    const allowed = this.routes.allowed(request.url);
    if (allowed.length === 0) {
      return problem(
        'REQUEST.NOT_FOUND',
        'There is nothing at this address.',
        'The calls are listed at /openapi.json.',
      );
    }
    reply.header('allow', allowed.join(', '));
    return problem('REQUEST.METHOD', `${request.method} is not possible here.`, `Possible: ${allowed.join(', ')}.`);
  }
}

/** The status of an error that Nest or Fastify threw; undefined for any other error. */
function frameworkStatus(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}
