/**
 * The source of pods that watches a cluster's API server: which pods of this node should be in the mesh, and the annotation and events by
 * which they are told how they fare. Lists and watches are this package's own; a client library does HTTP, TLS and authentication.
 */
@NullMarked
package io.inpod.examples.nodeagent.kubernetes;

import org.jspecify.annotations.NullMarked;
