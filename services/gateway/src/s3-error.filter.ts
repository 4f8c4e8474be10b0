import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { S3Error } from './protocol/errors.js';
import { errorResponse } from './protocol/s3-response.js';

/**
 * What the framework refuses before a request reaches the controller: a method that no route has, a broken connection. It is
 * said in S3's XML, too.
 */
@Catch()
export class S3ErrorFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const isUnknownMethod = typeof error === 'object' && error !== null && 'status' in error && error.status === 404;
    const answer = new S3Error(isUnknownMethod ? 'MethodNotAllowed' : 'InternalError', { cause: error });
    const about = { method: request.method, resource: request.originalUrl, id: String(request.id) };
    const { status, headers, body } = errorResponse(answer, about);
    reply
      .status(status)
      .headers({ ...headers, 'x-amz-request-id': about.id })
      .send(body);
  }
}
