/** True for a host of a URL that is this machine by its name or address, so that what is said to it leaves the machine in no case. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i.test(hostname);
}
