/** Keeps what is not drawn by the router in step with the address: the navigation, the title, and where to go after logging in. */

import { useEffect, useLayoutEffect } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { useApp, useApps } from '../app.ts';
import { forgetWanted, rememberWanted, takeWanted } from '../wanted.ts';

const TITLES: Record<string, string> = {
  login: 'Log in',
  register: 'Make an account',
  forgotten: 'Forgotten password',
  confirm: 'Confirm your e-mail address',
  reset: 'Set another password',
  invitation: 'You are invited',
  address: 'Change your e-mail address',
  'sign-in': 'Log in',
  inbox: 'Inbox',
  keys: 'Keyboard shortcuts',
  me: 'My page',
  members: 'Members',
};
/** The places at which somebody who is logged in has nothing to do. */
const ENTRANCES = ['/login', '/register'];

export function FollowedPlace() {
  const { navigation } = useApp();
  const isIn = useApps((state) => state.me !== null);
  const { url, path, route } = useLocation();
  useLayoutEffect(() => {
    navigation.attach(route);
    navigation.arrived();
  }, [url]);
  useEffect(() => {
    const isEntrance = ENTRANCES.includes(path);
    if (isIn && isEntrance) navigation.go(takeWanted(), { replace: true });
    else if (isIn) forgetWanted(url);
    else rememberWanted(url);
  }, [url, isIn]);
  useEffect(() => {
    const title = TITLES[path.split('/')[1] ?? ''];
    document.title = title ? `${title} · taskledger` : 'taskledger';
  }, [path]);
  return null;
}
