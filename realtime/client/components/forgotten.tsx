/** The form for a forgotten password. It says the same whether there is such an account or not. */
import { AskForLink } from './ask-for-link.tsx';

/** `email`: the address that was typed at the login. */
export function Forgotten({ email }: { email: string }) {
  return (
    <AskForLink
      path="/api/password-resets"
      hint="A link that sets another password is mailed to it."
      does="Send the link"
      said="If there is an account with this address, a link is on its way to it. It is good for 10 minutes."
      email={email}
    />
  );
}
