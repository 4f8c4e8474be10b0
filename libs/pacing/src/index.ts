export { type Activity, changeRate, observeChanges } from './change-rate.js';
export { type HeatCount, heatOf, intervalSeconds, type Pace, type PaceLimits, paceOf } from './visit-pace.js';
