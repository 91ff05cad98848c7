/** Divides what a proxy has of a resource, such as sockets or bytes, so that no client takes what others need. */
@NullMarked
package io.inpod.tproxy.share;

import org.jspecify.annotations.NullMarked;
