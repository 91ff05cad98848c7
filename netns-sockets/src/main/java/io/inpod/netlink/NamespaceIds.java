package io.inpod.netlink;

import io.inpod.netns.internal.NetlinkStructs.Rtgenmsg;
import java.io.IOException;
import java.util.OptionalInt;

/** Messages about the ids by which a namespace knows others: struct rtgenmsg and NETNSA_ attributes of linux/net_namespace.h. */
final class NamespaceIds {
    private static final int GET = 90;
    private static final int ID = 1;
    private static final int DESCRIPTOR = 3;

    private NamespaceIds() {}

    /** Returns the id of an open namespace; empty if it has none. */
    static OptionalInt find(NetlinkSocket socket, int descriptor, Object subject) throws IOException {
        NetlinkRequest request =
                new NetlinkRequest("get namespace id", subject, GET, 0).struct(Rtgenmsg.STRUCT).u32(DESCRIPTOR, descriptor);
        for (NetlinkMessage message : socket.query(request)) {
            int id = NetlinkMessage.u32(message.attributes(Rtgenmsg.STRUCT).get(ID), -1);
            if (id >= 0) {
                return OptionalInt.of(id);
            }
        }
        return OptionalInt.empty();
    }
}
