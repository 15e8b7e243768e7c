/** All routes of identity: registration, login, tokens, sessions, confirmation, `/api/me` and API keys. */
import type { RouteWith } from '../../platform/http/route.ts';
import { apiKeyRoutes } from './api-key-routes.ts';
import type { ApiKeys } from './api-keys.ts';
import { type ChoiceRoutesOptions, choiceRoutes } from './choice-routes.ts';
import { type EmailChangeOptions, emailChangeRoutes } from './email-change-routes.ts';
import { type InvitationRoutesOptions, invitationRoutes } from './invitation-routes.ts';
import { type LinkChecksOptions, linkChecks } from './link-checks.ts';
import { type MailedLinksOptions, mailedLinks } from './mailed-links.ts';
import { type MeRoutesOptions, meRoutes } from './me-routes.ts';
import { type OidcRoutesOptions, oidcRoutes } from './oidc/oidc-routes.ts';
import { refusingPasswords } from './oidc/only.ts';
import { type OwnSignInsOptions, ownSignInRoutes } from './oidc/own-sign-ins.ts';
import { type OperatorAccountsOptions, operatorAccounts } from './operator-accounts.ts';
import { type OwnConfirmationOptions, ownConfirmation } from './own-confirmation.ts';
import { type PhoneRoutesOptions, phoneRoutes } from './phone-routes.ts';
import { type RegistrationOptions, registration } from './registration.ts';
import { type SecondFactorRoutesOptions, secondFactorRoutes } from './second-factor/second-factor-routes.ts';
import { type SecondLoginOptions, secondLogin } from './second-factor/second-login.ts';
import { type SessionRoutesOptions, sessionRoutes } from './session-routes.ts';
import { type SessionRules, sessionRules } from './session-rules.ts';
import { type UnsubscribeOptions, unsubscribeRoutes } from './unsubscribe-routes.ts';
import { type UserSessionRoutesOptions, userSessionRoutes } from './user-session-routes.ts';

/** The context of all these routes together. */
export type IdentityContext = RegistrationOptions &
  SessionRules &
  SessionRoutesOptions &
  UserSessionRoutesOptions &
  OperatorAccountsOptions &
  MeRoutesOptions &
  MailedLinksOptions &
  LinkChecksOptions &
  ChoiceRoutesOptions &
  InvitationRoutesOptions &
  OidcRoutesOptions &
  UnsubscribeOptions &
  SecondLoginOptions &
  SecondFactorRoutesOptions &
  PhoneRoutesOptions &
  OwnSignInsOptions &
  OwnConfirmationOptions &
  EmailChangeOptions & { apiKeys: ApiKeys };

export const identityRoutes: readonly RouteWith<IdentityContext>[] = refusingPasswords<IdentityContext>([
  registration,
  sessionRules,
  ...sessionRoutes,
  ...userSessionRoutes,
  operatorAccounts,
  secondLogin,
  ...meRoutes,
  ...secondFactorRoutes,
  ...choiceRoutes,
  ...phoneRoutes,
  ...unsubscribeRoutes,
  ...mailedLinks,
  linkChecks,
  ownConfirmation,
  ...invitationRoutes,
  ...oidcRoutes,
  ...ownSignInRoutes,
  ...emailChangeRoutes,
  ...apiKeyRoutes,
]);
