/** FILES_URL: `file:`, `file:/a/folder` or `s3://bucket/prefix?endpoint=…&region=…&pathStyle=1&public=…`. */

/** A bucket, or what begins with a prefix in it. */
export interface BucketUrl {
  bucket: string;
  /** What comes before every key: empty, or ending in a slash. */
  prefix: string;
  /** The address of a server that is not Amazon's; undefined for Amazon's own. */
  endpoint?: string | undefined;
  region: string;
  /** True where the bucket stands in the path, and not in the host's name. */
  pathStyle: boolean;
  /** The address at which browsers reach the same server; undefined where they cannot, so that we give out its files ourselves. */
  public?: string | undefined;
}

const PARAMETERS = ['endpoint', 'region', 'pathStyle', 'public'];
const EXAMPLE = 's3://bucket/prefix?endpoint=http://host:9000&region=us-east-1&pathStyle=1';

/** The problem with a FILES_URL, undefined for none. */
export function filesUrlProblem(url: string): string | undefined {
  if (url === 'file:' || isFolder(url)) return undefined;
  if (!/^s3:/.test(url)) return `must be file:, a folder like file:/srv/files, or like ${EXAMPLE}`;
  try {
    readBucketUrl(url);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The folder of a `file:` URL; undefined for `file:` alone, whose folder is in DATA_DIR. */
export function folderIn(url: string): string | undefined {
  return isFolder(url) ? decodeURIComponent(url.replace(/^file:(\/\/(?=\/))?/, '')) : undefined;
}

function isFolder(url: string): boolean {
  return /^file:(\/\/)?\/[^/?#][^?#]*$/.test(url) && URL.canParse(url);
}

/** Reads an `s3:` URL. Error: how it should be, without what it has. */
export function readBucketUrl(url: string): BucketUrl {
  if (!URL.canParse(url)) throw new Error(`must be like ${EXAMPLE}`);
  const { hostname: bucket, pathname, searchParams, username, password, hash, port } = new URL(url);
  if (username || password) throw new Error('must hold no password: set S3_ACCESS_KEY and S3_SECRET_KEY');
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) || hash || port) throw new Error(`must be like ${EXAMPLE}`);
  const unknown = [...searchParams.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) throw new Error(`must have no parameter but ${PARAMETERS.join(', ')}`);
  return {
    bucket,
    prefix: prefixOf(pathname),
    endpoint: originOf(searchParams, 'endpoint'),
    region: searchParams.get('region') ?? 'us-east-1',
    pathStyle: isOn(searchParams.get('pathStyle')),
    public: originOf(searchParams, 'public'),
  };
}

/** The origin at which browsers fetch from the store of a FILES_URL itself; undefined where we give out its files. */
export function directOrigin(url: string): string | undefined {
  if (!url.startsWith('s3:')) return undefined;
  const { bucket, endpoint, region, pathStyle, public: reached } = readBucketUrl(url);
  const origin = reached ?? (endpoint ? undefined : `https://s3.${region}.amazonaws.com`);
  return origin && !pathStyle ? origin.replace('://', `://${bucket}.`) : origin;
}

function prefixOf(pathname: string): string {
  const prefix = pathname.replace(/^\/+|\/+$/g, '');
  if (!/^[\w./-]*$/.test(prefix) || prefix.split('/').includes('..')) throw new Error('must have a prefix of letters, digits, and . _ - / alone');
  return prefix && `${prefix}/`;
}

function originOf(parameters: URLSearchParams, name: string): string | undefined {
  const text = parameters.get(name);
  if (text === null) return undefined;
  const isAddress = /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text.replace(/\/$/, '');
  if (!isAddress) throw new Error(`must have an ${name} like http://host:9000`);
  return new URL(text).origin;
}

function isOn(text: string | null): boolean {
  if (text !== null && !/^[01]$/.test(text)) throw new Error('must have pathStyle=0 or pathStyle=1');
  return text === '1';
}
