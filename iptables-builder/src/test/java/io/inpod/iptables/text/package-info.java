@NullMarked
package io.inpod.iptables.text;

import org.jspecify.annotations.NullMarked;

