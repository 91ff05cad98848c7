/**
 * Listeners inside network namespaces: accepting connections, recognising the proxy's own, checking the path to a listener, and handing one
 * over to another process.
 */
@NullMarked
package io.inpod.tproxy.listen;

import org.jspecify.annotations.NullMarked;
