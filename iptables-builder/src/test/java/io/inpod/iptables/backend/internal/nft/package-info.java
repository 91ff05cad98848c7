@org.jspecify.annotations.NullMarked
package io.inpod.iptables.backend.internal.nft;
