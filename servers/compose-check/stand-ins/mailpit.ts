/** Takes every mail on port 1025, and lists all of them, as they came, on port 8025. */
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';

const mails: string[] = [];
new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData: (stream, _session, done) =>
    void text(stream).then((mail) => {
      mails.push(mail);
      done();
    }, done),
}).listen(1025);
createServer(({ url }, response) => response.end(url === '/readyz' ? 'ok' : JSON.stringify(mails))).listen(8025);
process.once('SIGTERM', () => process.exit(0));
