/**
 * Rules as the text that the tools read and print: iptables-restore(8) and iptables-save(8), nft(8). No text from outside gets into a
 * script but checked names and quoted words. Needs nothing but the JDK.
 */
@NullMarked
package io.inpod.iptables.text;

import org.jspecify.annotations.NullMarked;
