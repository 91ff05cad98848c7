/**
 * Both ends of ZDS, the protocol with which a node agent hands pods' network namespaces to a node proxy: the agent's
 * {@link io.inpod.examples.zds.ZdsServer} and the proxy's {@link io.inpod.examples.zds.ZdsClient}.
 */
@NullMarked
package io.inpod.examples.zds;

import org.jspecify.annotations.NullMarked;
