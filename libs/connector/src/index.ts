export { type ConnectorClientOptions, type ConnectorTarget, createConnectorClient } from './client.js';
export { type CompletedEndpoint, completeEndpoint } from './complete-endpoint.js';
export { describeVersion, headVersion, type VersionDescription } from './describe-version.js';
export { EndpointGuard } from './endpoint-guard.js';
export { listVersionsPage, type RawVersionPage, type VersionPageRequest } from './list-versions-page.js';
export { type Network, parseNetworks } from './networks.js';
export { type ListedVersion, parseVersionPage, type VersionPage } from './parse-version-page.js';
export { type ConnectorError, translateS3Error } from './translate-error.js';
