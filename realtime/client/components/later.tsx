/** Places whose code is loaded when they are looked at. */
import type { ComponentType } from 'preact';
import { lazy } from 'preact-iso';

/** A component whose code is loaded when it is first shown; what stands in its place where that fails says so. */
export function later<P>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  return lazy<ComponentType<P>>(() => load().catch(() => NotLoaded as ComponentType<P>));
}

function NotLoaded() {
  return (
    <div class="failed" role="alert">
      <h1>This place could not be loaded</h1>
      <p>Is the network there?</p>
      <button type="button" class="primary" onClick={() => location.reload()}>
        Try again
      </button>
    </div>
  );
}
