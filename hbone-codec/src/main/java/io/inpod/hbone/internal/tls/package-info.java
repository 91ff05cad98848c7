/** Mutual TLS with SPIFFE identities: contexts, the verification of a peer, and the checks before a connection may speak HTTP/2. */
@NullMarked
package io.inpod.hbone.internal.tls;

import org.jspecify.annotations.NullMarked;
