/**
 * Faults between pods while a test runs: lost, late, doubled and damaged packets, slow links, reset and half-open connections.
 *
 * <p>The first fault of a pod takes the pod's link apart, and puts a relay in between that passes every frame on: it runs in this JVM, on a
 * thread of its own, and needs no module of the kernel and no program. It works at packets, so that each fault is the same for every
 * protocol and for both address families, and for connections that exist already.
 */
@NullMarked
package io.inpod.netns.testing.fault;

import org.jspecify.annotations.NullMarked;
