@NullMarked
package io.inpod.iptables.backend;

import org.jspecify.annotations.NullMarked;
