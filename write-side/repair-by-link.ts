/** POST /api/assets/by-link/:token/repairs: a repair request without an account, by the link on an asset's label. */
import { z } from 'zod';
import { ProblemError } from '../contracts/problem.ts';
import { fileByLink } from '../contracts/repair.ts';
import type { CommandHandler } from '../platform/command-handler.ts';
import { idempotencyKey } from '../platform/http/idempotency.ts';
import { type Limits, networkOf } from '../platform/http/limits/limits.ts';
import { takeTogether } from '../platform/http/limits/together.ts';
import type { RouteRequest, RouteWith } from '../platform/http/route.ts';
import { assetLinks, trackingLinks } from '../platform/link-tokens.ts';
import { stableId } from '../platform/stable-id.ts';
import { contextOf } from './command-routes.ts';
import type { AssetState } from './deciders/asset-state.ts';

export interface ByLinkOptions {
  commands: CommandHandler;
  /** Keyed hash of the installation, which links are made with. */
  hmac(text: string): string;
  limits: Pick<Limits, 'consume' | 'refund'>;
  /** The address of the pages, which links lead to. */
  publicUrl(): string;
}

export const repairByLink: RouteWith<ByLinkOptions> = {
  row: {
    method: 'POST',
    path: '/api/assets/by-link/:token/repairs',
    who: 'anyone',
    unnamed: true,
    summary: 'Ask for the repair of an asset without an account, by the link of its label. The answer has the link that shows how it goes.',
    tag: 'repairs',
    body: fileByLink,
    response: z.strictObject({ tracking: z.string().meta({ description: 'Whoever has this link sees how it goes. It is told once.' }) }),
    example: { title: 'The lift stops between floors', description: 'It does so in the morning.' },
  },
  answer: async (options, request) => {
    const { commands, hmac, limits, publicUrl } = options;
    const { asset, link, site } = await assetOf(options, request);
    const commandId = stableId('by link', request.params.token ?? '', idempotencyKey(request));
    const id = stableId(commandId, 'repair');
    const data = { ...(request.body as z.infer<typeof fileByLink>), site, asset, link };
    const admit = async () => {
      await takeTogether(limits, [
        { name: 'network-repairs', key: networkOf(request.ip) },
        { name: 'asset-repairs', key: asset },
      ]);
    };
    const actor = { id: 'anonymous', role: 'anonymous', seesAll: false } as const;
    const command = { type: 'FileRepairByLink', stream: `repair-${id}`, id, data, commandId, actor, now: new Date().toISOString() };
    await commands.handle(command, { ...contextOf(request, hmac), admit });
    const tracking = `${publicUrl()}/api/repairs/track/${trackingLinks(hmac).tokenOf(id, 0)}`;
    return { status: 201, headers: { 'Cache-Control': 'no-store', 'X-Robots-Tag': 'noindex' }, body: { tracking } };
  },
};

/** The asset whose link has the token. Errors: ProblemError `not_found` for one that is good for nothing, `limited` after many of these from one network. */
async function assetOf(
  { commands, hmac, limits }: ByLinkOptions,
  { params, ip }: RouteRequest,
): Promise<{ asset: string; link: number; site: string }> {
  const read = assetLinks(hmac).read(params.token ?? '');
  const { state } = read ? await commands.load<AssetState>(`asset-${read.id}`) : { state: undefined };
  if (read && state?.exists && !state.retired && read.isLink(state.link)) return { asset: read.id, link: state.link, site: state.site };
  await limits.consume('code-tries', networkOf(ip));
  throw new ProblemError('not_found', 'This link is not good, or not any more: the label it stands on is an old one.');
}
