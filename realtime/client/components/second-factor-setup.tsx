/** Setting a second factor up: the QR code for the app, its first code, and the recovery codes, which are shown once. */
import { useEffect, useState } from 'preact/hooks';
import { encode } from 'uqr';
import { reason } from '../actions.ts';
import { useApp } from '../app.ts';
import { Field, FormTrouble, SendButton, useForm } from './field.tsx';

interface Begun {
  secret: string;
  url: string;
}

/** `onDone`: called once the second factor is on and its recovery codes were seen; `onCancel`: where it may be left for another time, which sends nothing. */
export function SecondFactorSetup({ onDone, onCancel }: { onDone: () => void; onCancel?: () => void }) {
  const { api } = useApp();
  const [begun, setBegun] = useState<Begun | null>(null);
  const [codes, setCodes] = useState<readonly string[]>([]);
  const [wrong, setWrong] = useState('');
  const begin = () => {
    setWrong('');
    (api.command('POST', '/api/me/second-factor') as Promise<unknown>).then(
      (answer) => setBegun(answer as Begun),
      (error) => setWrong(reason(error)),
    );
  };
  useEffect(begin, []);
  if (codes.length > 0) return <RecoveryCodes codes={codes} onSeen={onDone} />;
  if (wrong)
    return (
      <>
        <p class="wrong" role="alert">
          {wrong}
        </p>
        <div class="form-end">
          {onCancel && <CancelButton onCancel={onCancel} />}
          <button type="button" onClick={begin}>
            Try again
          </button>
        </div>
      </>
    );
  return begun ? <FirstCode begun={begun} onCodes={setCodes} {...(onCancel ? { onCancel } : {})} /> : <p role="status">One moment…</p>;
}

function CancelButton({ onCancel }: { onCancel: () => void }) {
  return (
    <button type="button" onClick={onCancel}>
      Cancel
    </button>
  );
}

interface FirstCodeProps {
  begun: Begun;
  onCodes: (codes: readonly string[]) => void;
  onCancel?: () => void;
}

function FirstCode({ begun, onCodes, onCancel }: FirstCodeProps) {
  const { api } = useApp();
  const { form, submit, busy, trouble } = useForm(async (data) => {
    const answer: unknown = await api.command('POST', '/api/me/second-factor/confirm', { body: { code: data.get('code') } });
    onCodes((answer as { recoveryCodes: string[] }).recoveryCodes);
  });
  return (
    <form ref={form} onSubmit={submit} noValidate class="second-setup">
      <p>Scan this with an authenticator app, or type the key into it. Then type the code that it shows.</p>
      <QrCode text={begun.url} />
      <p class="second-key">
        <span class="soft">Key:</span> <code>{begun.secret.replace(/.{4}(?=.)/g, '$& ')}</code>
      </p>
      <Field name="code" label="First code of the app" trouble={trouble}>
        {(control) => <input {...control} type="text" autocomplete="one-time-code" inputMode="numeric" maxLength={20} />}
      </Field>
      <FormTrouble trouble={trouble} />
      <div class="form-end">
        {onCancel && <CancelButton onCancel={onCancel} />}
        <SendButton busy={busy} does="Turn it on" />
      </div>
    </form>
  );
}

/** Recovery codes, which nobody can see again. `onSeen`: called when the user says that they are kept. */
export function RecoveryCodes({ codes, onSeen }: { codes: readonly string[]; onSeen: () => void }) {
  const { actions } = useApp();
  const copy = async () => {
    await navigator.clipboard.writeText(codes.join('\n')).then(
      () => actions.note({ kind: 'done', text: 'The codes are copied.' }),
      () => actions.note({ kind: 'trouble', text: 'This browser does not let the page copy them. Mark them, and copy them by hand.' }),
    );
  };
  return (
    <div class="second-setup">
      <p role="status">
        These are your recovery codes. Each logs you in once without the app. Keep them where the app is not: nobody can show them to you again.
      </p>
      <ol class="recovery-codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ol>
      <div class="form-end">
        {'clipboard' in navigator && (
          <button type="button" onClick={() => void copy()}>
            Copy them
          </button>
        )}
        <button type="button" class="primary" onClick={onSeen}>
          I have kept them
        </button>
      </div>
    </div>
  );
}

/** A QR code, dark on light in every theme: scanners want it so. */
function QrCode({ text }: { text: string }) {
  const { data, size } = encode(text, { border: 4 });
  const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join('');
  return (
    <svg class="qr-code" viewBox={`0 0 ${size} ${size}`} role="img" aria-label="QR code for an authenticator app" shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={dark} fill="#000" />
    </svg>
  );
}
