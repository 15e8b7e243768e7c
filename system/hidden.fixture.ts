/** What hides in a file of another kind: archives at places of their own, and programs under names of no program. */
import type { docx } from './pictures.fixture.ts';

/** A tar of one file, whose name may begin as files of another kind do; with `mark` empty as the oldest have it. */
export function tar(name: string, content = 'hello', mark = 'ustar\0' + '00'): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 'latin1');
  header.write(
    ['0000644', '0000000', '0000000', content.length.toString(8).padStart(11, '0'), '00000000000', ' '.repeat(8)].join('\0'),
    100,
    'latin1',
  );
  header.write(mark, 257, 'latin1');
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  const block = Buffer.alloc(512);
  block.write(content, 'latin1');
  return Buffer.concat([header, block, Buffer.alloc(1_024), Buffer.from(content, 'latin1')]);
}

/** A file with the descriptor of a disc's volume where readers of discs look for it. */
export function disc(good: Uint8Array): Buffer {
  const image = Buffer.alloc(Math.max(good.length, 32_768) + 2_048);
  image.set(good);
  image.write('\x01CD001\x01', 32_768, 'latin1');
  return image;
}

const VBA = 'http://schemas.microsoft.com/office/2006/relationships/vbaProject';
const rels = (type: string) => `<Relationships><Relationship Id="a" Type="${type}" Target="x.bin"/></Relationships>`;
const OLE = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(500)]);

/** Parts of office files that run something, by what they are and not by their names. */
export function hiddenMacros(): Readonly<Record<string, NonNullable<Parameters<typeof docx>[0]>>> {
  return {
    'macros by a relationship': { 'word/_rels/document.xml.rels': rels(VBA) },
    'macros by a relationship with references': {
      'word/_rels/document.xml.rels': rels(VBA.replace('B', '').replace('vaP', 'v&#98;aP').replace('vb', 'v&#x62;')),
    },
    'macros by a relationship in UTF-16': { 'word/_rels/document.xml.rels': { data: Buffer.from(`\ufeff${rels(VBA)}`, 'utf16le') } },
    'macros by a relationship behind an entity': {
      'word/_rels/document.xml.rels': `<!DOCTYPE x [<!ENTITY b "ba">]>${rels(VBA.replace('ba', '&b;'))}`,
    },
    'controls by a relationship': {
      'word/_rels/document.xml.rels': rels('http://schemas.openxmlformats.org/officeDocument/2006/relationships/control'),
    },
    'macros of an object of OpenDocument': { 'Object 1/Basic/Standard/m.xml': '<x/>' },
    'macros of OpenDocument with the separator of Windows': { 'Basic\\Standard\\script.xml': '<x/>' },
    'an object of another program': { 'word/embeddings/oleObject1.bin': { data: OLE } },
    'an object of another program, stored': { 'word/media/a.png': { data: OLE, stored: true } },
    'a program by its content': { 'word/media/a.png': { data: Buffer.from('MZ\x90\0\x03', 'latin1') } },
    'an archive by its content': { 'word/media/a.png': { data: Buffer.from('PK\x03\x04xxxx', 'latin1') } },
  };
}
