/** Opens what addresses of files need: their keys, who their users are, and the origin that they lead to. */
import type { Files } from '../../platform/files/files.ts';
import type { ServingContext } from './fetch-route.ts';
import { type MailPictures, type MailPicturesContext, openMailPictures } from './mail-pictures.ts';
import { MAIL_SECONDS } from './may-fetch.ts';
import type { RotateContext } from './rotate-route.ts';
import type { HoldsBack } from './served-file.ts';
import { type KeptKeys, openUrlKeys, type UrlKeys } from './url-keys.ts';
import type { UrlContext } from './url-route.ts';
import { openUrlUsers, type UrlUsersOptions } from './url-users.ts';

export interface AccessOptions extends UrlUsersOptions, HoldsBack {
  secrets: KeptKeys;
  files: Files;
  /** The origin of files (MEDIA_PUBLIC_URL); undefined: that of the pages. */
  origin: string | undefined;
}

/** The context of the routes of addresses. */
export type AccessContext = ServingContext & UrlContext & RotateContext;

const now = () => new Date();

/** The keys of addresses, for whoever signs or verifies some. */
export function urlKeysIn(secrets: KeptKeys): UrlKeys {
  return openUrlKeys({ secrets, now, longest: MAIL_SECONDS * 1_000 });
}

/** Finds what a mail may link of a task's pictures, for the process that sends it. Errors of a question: those of the ports. */
export function mailPicturesIn({ secrets, ...context }: { secrets: KeptKeys } & Omit<MailPicturesContext, 'urlKeys' | 'now'>): MailPictures {
  return openMailPictures({ ...context, urlKeys: urlKeysIn(secrets), now });
}

export function openAccess({ secrets, files, origin, scanning, ...users }: AccessOptions): AccessContext {
  const { commands } = users;
  return {
    commands,
    files,
    urlKeys: urlKeysIn(secrets),
    users: openUrlUsers(users),
    now,
    scanning,
    apart: origin !== undefined,
    origin: origin ?? '',
  };
}
