/** The words for a local file on its way to a bucket. */

/** The object that a file becomes. */
export interface BucketTarget {
  Bucket: string;
  Key: string;
  /** The key for people. */
  key: string;
  /** Bytes from which it goes in parts; default PARTS_FROM. */
  partsFrom?: number | undefined;
}

/** The local file. */
export interface SourceFile {
  path: string;
  bytes: number;
  type: string;
  sha256?: string;
  move?: boolean;
}

/** A file on its way to a bucket. */
export interface Sending {
  from: SourceFile;
  signal?: AbortSignal | undefined;
  /** Only where the key has no object yet. */
  onlyNew: boolean;
}
