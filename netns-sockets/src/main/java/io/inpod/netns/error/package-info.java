/** Exceptions for failed system calls. Each names the operation, the error number and what the call was applied to. */
@NullMarked
package io.inpod.netns.error;

import org.jspecify.annotations.NullMarked;
