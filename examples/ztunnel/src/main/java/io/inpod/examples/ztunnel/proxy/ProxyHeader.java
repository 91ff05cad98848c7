package io.inpod.examples.ztunnel.proxy;

import io.inpod.hbone.identity.SpiffeId;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageEncoder;
import io.netty.handler.codec.haproxy.HAProxyProtocolVersion;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol;
import io.netty.handler.codec.haproxy.HAProxyTLV;
import io.netty.util.NetUtil;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Tells an app that is a proxy itself who its client is and what the client asked for: a header of the PROXY protocol, version 2, in front
 * of the client's data.
 *
 * @see <a href="https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt">the PROXY protocol</a>
 */
final class ProxyHeader {
    /** The field that carries the client's SPIFFE ID, in the protocol's range for own use; waypoints read it. */
    private static final byte IDENTITY = (byte) 0xd0;

    private ProxyHeader() {}

    /** Writes the header; the channel is closed if that fails. Called on the channel's event loop, before anything else is written. */
    static void write(Channel app, InetSocketAddress client, InetSocketAddress asked, SpiffeId identity) {
        app.pipeline().addLast(HAProxyMessageEncoder.INSTANCE);
        app.writeAndFlush(message(app, client, asked, identity)).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
        app.pipeline().remove(HAProxyMessageEncoder.INSTANCE);
    }

    private static HAProxyMessage message(Channel app, InetSocketAddress client, InetSocketAddress asked, SpiffeId identity) {
        boolean ipv4 = client.getAddress() instanceof Inet4Address && asked.getAddress() instanceof Inet4Address;
        ByteBuf uri = ByteBufUtil.encodeString(app.alloc(), CharBuffer.wrap(identity.toString()), StandardCharsets.US_ASCII);
        return new HAProxyMessage(HAProxyProtocolVersion.V2, HAProxyCommand.PROXY,
                ipv4 ? HAProxyProxiedProtocol.TCP4 : HAProxyProxiedProtocol.TCP6, text(client.getAddress(), ipv4),
                text(asked.getAddress(), ipv4), client.getPort(), asked.getPort(), List.of(new HAProxyTLV(IDENTITY, uri)));
    }

    /** Both addresses have one family in the header, so beside one of IPv6 an IPv4 address is mapped. */
    private static String text(InetAddress address, boolean ipv4) {
        boolean mapped = !ipv4 && address instanceof Inet4Address;
        return (mapped ? "::ffff:" : "") + NetUtil.toAddressString(address);
    }
}
