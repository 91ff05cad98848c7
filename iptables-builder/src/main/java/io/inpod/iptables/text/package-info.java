/**
 * Rules as the text that the tools read and print: iptables-restore(8) and iptables-save(8), nft(8). A script contains text from outside
 * only as checked names and quoted words. This package needs nothing but the JDK.
 */
@NullMarked
package io.inpod.iptables.text;

import org.jspecify.annotations.NullMarked;
