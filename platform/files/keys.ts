/** The keys of objects: `<area>/<id>/<name>`, in characters that are the same in folders, URLs and S3. */

const KEY = /^[a-z]{1,32}\/[0-9A-Za-z][0-9A-Za-z-]{1,63}\/[0-9A-Za-z][0-9A-Za-z-]{0,63}$/;

/** True for a key of ours. What others put beside them may have any name. */
export function isKey(name: string): boolean {
  return KEY.test(name);
}

/** The key itself. Error: it is none, which is a mistake of the code and never of a client: clients name no keys. */
export function checkedKey(key: string): string {
  if (!isKey(key)) throw new Error(`${JSON.stringify(key)} is no key of a file: it must be like media/0b9f2b2e/320`);
  return key;
}

/** True for what could be the beginning of keys. */
export function couldBegin(key: string, prefix: string): boolean {
  return key.startsWith(prefix) || prefix.startsWith(key);
}
