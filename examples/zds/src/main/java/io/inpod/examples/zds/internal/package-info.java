/** The protocol's messages. Not API. */
@NullMarked
package io.inpod.examples.zds.internal;

import org.jspecify.annotations.NullMarked;
