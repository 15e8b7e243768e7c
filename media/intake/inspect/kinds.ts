/** The types of files that are taken, with the extensions that fit each; the first is the one that a name without any gets. */
const WORD = 'application/vnd.openxmlformats-officedocument';
const OPEN = 'application/vnd.oasis.opendocument';

export const TYPES: Readonly<Record<string, readonly string[]>> = {
  'image/jpeg': ['jpg', 'jpeg', 'jpe', 'jfif'],
  'image/png': ['png', 'apng'],
  'image/webp': ['webp'],
  'image/gif': ['gif'],
  'application/pdf': ['pdf'],
  [`${WORD}.wordprocessingml.document`]: ['docx'],
  [`${WORD}.spreadsheetml.sheet`]: ['xlsx'],
  [`${WORD}.presentationml.presentation`]: ['pptx'],
  [`${OPEN}.text`]: ['odt'],
  [`${OPEN}.spreadsheet`]: ['ods'],
  [`${OPEN}.presentation`]: ['odp'],
  'text/plain': ['txt', 'log'],
  'text/csv': ['csv'],
  'text/markdown': ['md', 'markdown'],
  'audio/mpeg': ['mp3'],
  'audio/mp4': ['m4a', 'mp4'],
  'audio/ogg': ['ogg', 'oga', 'opus'],
  'audio/wav': ['wav'],
  'audio/flac': ['flac'],
  'video/mp4': ['mp4', 'm4v'],
  'video/webm': ['webm'],
  'video/quicktime': ['mov', 'qt'],
};

/** The kinds in words, for who sent another. */
export const TAKEN = 'JPEG, PNG, WebP and GIF pictures, PDF, Word, Excel, PowerPoint and OpenDocument files, text, CSV, Markdown, audio and video';

/** Other names that the detection has for types that are taken. */
const SAME: Readonly<Record<string, string>> = {
  'image/apng': 'image/png',
  'audio/x-m4a': 'audio/mp4',
  'audio/x-flac': 'audio/flac',
  'audio/vnd.wave': 'audio/wav',
  'audio/opus': 'audio/ogg',
  'audio/ogg; codecs=opus': 'audio/ogg',
  'video/x-m4v': 'video/mp4',
};

/** The type that is taken, by the name that the detection has for it; undefined for a type that is not taken. */
export function takenType(detected: string): string | undefined {
  const type = SAME[detected] ?? detected;
  return type in TYPES ? type : undefined;
}

/** The type of a text by the extension of its name; undefined for an extension of something else. */
export function textType(extension: string): string | undefined {
  if (extension === '') return 'text/plain';
  return ['text/plain', 'text/csv', 'text/markdown'].find((type) => TYPES[type]?.includes(extension));
}
