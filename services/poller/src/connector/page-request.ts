/** What a page of versions is asked for by. */
export interface PageRequest {
  readonly keyMarker?: string | undefined;
  readonly versionIdMarker?: string | undefined;
  readonly maxKeys: number;
  readonly prefix?: string | undefined;
}
