import { TARGET_VERSIONS } from './range-versions.js';

/** Each range that is open has a last page, which may turn out empty: so much a split costs until that is known. */
export const SPLIT_COST = 1;
/** Requests that a page's worth of listed versions is allowed. */
export const REQUESTS_A_PAGE = 1.18;
/**
 * Where nothing is listed yet; the first range has a last page, too. Most of what guesses gain they gain early: what they
 * find is listed beside the rest from then on.
 */
export const FIRST_CREDIT = 15 - SPLIT_COST;

export interface OpenVisit {
  /** Requests that it took. */
  readonly pages: number;
  readonly listed: number;
  /** It reached the range's end. */
  readonly ended: boolean;
}

/**
 * What a visit of an open range adds to the credit that splits are paid from. Splits are guesses; as they are only made on
 * credit, a first snapshot costs no more than 1.18 requests a page and 15, whatever the keys are like.
 */
export const creditOf = ({ pages, listed, ended }: OpenVisit): number =>
  (REQUESTS_A_PAGE * listed) / TARGET_VERSIONS - pages + (ended ? SPLIT_COST : 0);
