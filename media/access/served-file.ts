/** The object that answers for a file, and the headers that it is answered with. */
import { create as contentDisposition } from 'content-disposition';
import { PICTURE_SIZES, type PictureSize } from '../../contracts/media.ts';
import type { MediaState } from '../../write-side/deciders/media.ts';
import type { Disposition, ServedSize } from './signed-url.ts';

/** An object in the store, as it is shown to clients. */
export interface ServedFile {
  key: string;
  /** The entity tag, in quotes: an object of a key never changes. */
  etag: string;
  type: string;
  /** The name under which it is saved. */
  name: string;
}

type Shown = Pick<MediaState, 'exists' | 'status' | 'name' | 'type' | 'sizes' | 'types' | 'scanned'>;

/** What an installation holds back. */
export interface HoldsBack {
  /** True where a scanner is set: nothing is given out before it was found clean, also what was ready before there was one. */
  scanning: boolean;
}

/** True for a type of which pictures are made: what was uploaded is then never served itself. */
export function isPicture(type: string): boolean {
  return type.startsWith('image/');
}

/**
 * The object that answers for a size of a file: of a picture, the made one of that size or the next larger one. undefined where there is none (yet): a
 * picture that is being made, a file that is not yet found good or that waits for the scanner, one that was refused or deleted.
 */
export function servedFile(id: string, state: Shown, asked: ServedSize, { scanning }: HoldsBack): ServedFile | undefined {
  if (!state.exists || state.status === 'refused' || state.status === 'deleted') return undefined;
  if (scanning && !state.scanned) return undefined;
  return isPicture(state.type) ? servedPicture(id, state, asked === 'original' ? 'full' : asked) : servedAsItCame(id, state, asked);
}

function servedAsItCame(id: string, { status, type, name }: Shown, asked: ServedSize): ServedFile | undefined {
  return status === 'pending' || asked !== 'original' ? undefined : served(id, 'original', { type, name });
}

function servedPicture(id: string, { sizes, types, name }: Shown, asked: PictureSize): ServedFile | undefined {
  const size = PICTURE_SIZES.slice(PICTURE_SIZES.indexOf(asked)).find((one) => sizes.includes(one));
  const made = size && types[size];
  return made ? served(id, size, { type: made, name: renamed(name, made) }) : undefined;
}

function served(id: string, size: ServedSize, { type, name }: { type: string; name: string }): ServedFile {
  return { key: `media/${id}/${size}`, etag: `"${id}-${size}"`, type, name };
}

const EXTENSIONS: Readonly<Record<string, string>> = { 'image/webp': 'webp', 'image/jpeg': 'jpg', 'image/png': 'png', 'image/gif': 'gif' };

/** The name of a picture with the extension of the type that was made of it. */
function renamed(name: string, type: string): string {
  const extension = EXTENSIONS[type];
  return extension ? `${name.replace(/\.[^.]{1,5}$/, '')}.${extension}` : name;
}

/** What browsers show without running anything of it in our name. */
const SHOWN = /^(image\/(jpeg|png|gif|webp)|application\/pdf|(audio|video)\/[\w.+-]+)$/;

/** The header Content-Disposition (RFC 6266): what is not safe to show is saved, whatever was asked for. */
export function dispositionOf({ type, name }: Pick<ServedFile, 'type' | 'name'>, asked: Disposition): string {
  return contentDisposition(name, { type: asked === 'inline' && SHOWN.test(type) ? 'inline' : 'attachment' });
}

/** The headers by which a file can do nothing in our name, wherever it is opened. `apart`: true where files have an origin of their own. */
export function safetyHeaders(type: string, apart: boolean): Record<string, string> {
  return {
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': policyOf(type),
    'Cross-Origin-Resource-Policy': apart ? 'cross-origin' : 'same-origin',
    'Referrer-Policy': 'no-referrer',
  };
}

const UNFRAMED = "frame-ancestors 'none'";

/**
 * A file runs nothing and loads nothing. Safari saves a PDF that is in a sandbox instead of showing it, or shows an empty page; a player asks for its
 * file a second time, as the origin that it has, and a sandbox without `allow-same-origin` has none.
 */
function policyOf(type: string): string {
  if (type === 'application/pdf') return `default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; ${UNFRAMED}`;
  return /^(audio|video)\//.test(type)
    ? `sandbox allow-same-origin; default-src 'none'; media-src 'self'; ${UNFRAMED}`
    : `sandbox; default-src 'none'; ${UNFRAMED}`;
}
