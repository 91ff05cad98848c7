/** Transparent UDP: datagrams with their original destinations, and answers sent from those destinations. */
@NullMarked
package io.inpod.tproxy.udp;

import org.jspecify.annotations.NullMarked;
