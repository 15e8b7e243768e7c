/** Members by a key, as connections by network: each group in the order in which its members came. */
export interface Groups<Member> {
  /** The members of a key. */
  of(key: string): ReadonlySet<Member>;
  has(member: Member): boolean;
  /** All members. */
  size(): number;
  /** The key with most members; empty where there are none. */
  largest(): string;
  add(key: string, member: Member): void;
  remove(member: Member): void;
}

const NONE: ReadonlySet<never> = new Set();

/** Makes groups without a member. */
export function openGroups<Member>(): Groups<Member> {
  const byKey = new Map<string, Set<Member>>();
  const keys = new Map<Member, string>();
  const sizeOf = (key: string) => byKey.get(key)?.size ?? 0;
  return {
    of: (key) => byKey.get(key) ?? NONE,
    has: (member) => keys.has(member),
    size: () => keys.size,
    largest: () => [...byKey.keys()].reduce((most, one) => (sizeOf(one) > sizeOf(most) ? one : most), ''),
    add(key, member): void {
      keys.set(member, key);
      byKey.set(key, (byKey.get(key) ?? new Set()).add(member));
    },
    remove(member): void {
      const key = keys.get(member) ?? '';
      const group = byKey.get(key);
      keys.delete(member);
      group?.delete(member);
      if (group?.size === 0) byKey.delete(key);
    },
  };
}
