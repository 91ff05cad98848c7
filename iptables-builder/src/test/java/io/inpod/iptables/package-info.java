@NullMarked
package io.inpod.iptables;

import org.jspecify.annotations.NullMarked;
