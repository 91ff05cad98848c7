/**
 * Tests of the whole library over real loopback sockets. The package has more than 30 files, because each subject and each peer (raw,
 * scripted, hostile, Envoy, Go, Python, nghttpx) has its own, and all of them share {@code Mesh}, {@code Recorder} and {@code RawPeer}.
 */
@NullMarked
package io.inpod.hbone;

import org.jspecify.annotations.NullMarked;
