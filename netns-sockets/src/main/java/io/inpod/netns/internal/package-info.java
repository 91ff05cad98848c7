/** System calls, and the structs and numbers of the kernel's interface. Not API. */
@NullMarked
package io.inpod.netns.internal;

import org.jspecify.annotations.NullMarked;
