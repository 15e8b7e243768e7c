export const ALLOWED: Record<string, string> = {};
