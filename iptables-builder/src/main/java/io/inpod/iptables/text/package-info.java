/**
 * Rules as the text that the tools read and print: iptables-restore(8) and iptables-save(8), nft(8). A script contains text from outside
 * only as checked names and quoted words. This package needs nothing but the JDK.
 *
 * <p>The package is this large because the readers and the writers of both formats share what they know of each kind of condition, and only
 * the public types are meant for others.
 */
@NullMarked
package io.inpod.iptables.text;

import org.jspecify.annotations.NullMarked;
