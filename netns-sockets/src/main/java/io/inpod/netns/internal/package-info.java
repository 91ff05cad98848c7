/** The system calls and nothing else; not API. */
@NullMarked
package io.inpod.netns.internal;

import org.jspecify.annotations.NullMarked;
