/** Not API: the HTTP/2 frame layer, TLS set-up and the development CA's files. */
@NullMarked
package io.inpod.hbone.internal;

import org.jspecify.annotations.NullMarked;
