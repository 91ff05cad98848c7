@NullMarked
package io.inpod.iptables.internal;

import org.jspecify.annotations.NullMarked;
