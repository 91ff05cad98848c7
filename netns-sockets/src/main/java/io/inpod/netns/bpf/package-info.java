/** Programs that the kernel runs for sockets, see bpf(2). */
@NullMarked
package io.inpod.netns.bpf;

import org.jspecify.annotations.NullMarked;
