package io.inpod.examples.ztunnel.xds;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryRequest;
import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryResponse;
import io.inpod.examples.istio.DiscoveryApi.Resource;
import io.inpod.examples.istio.SecurityApi.Action;
import io.inpod.examples.istio.SecurityApi.Authorization;
import io.inpod.examples.istio.SecurityApi.Scope;
import io.inpod.examples.istio.WorkloadApi;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a control plane sends. */
public final class Responses {
    private Responses() {}

    /** The answer to a request for names: what there is of them, and that the others aren't there. */
    public static @Nullable DeltaDiscoveryResponse answer(DeltaDiscoveryRequest request, Map<String, List<Resource>> known, Set<String> silent) {
        List<String> asked = request.getResourceNamesSubscribeList().stream().filter(name -> !name.equals("*") && !silent.contains(name)).toList();
        if (!request.getTypeUrl().equals(AddressSet.TYPE) || asked.isEmpty()) {
            return null;
        }
        DeltaDiscoveryResponse.Builder response = response(AddressSet.TYPE, "to " + asked);
        for (String name : asked) {
            List<Resource> resources = known.getOrDefault(name, List.of());
            resources.forEach(resource -> response.addResources(resource.toBuilder().addAliases(name)));
            if (resources.isEmpty()) {
                response.addRemovedResources(name);
            }
        }
        return response.build();
    }

    static DeltaDiscoveryResponse.Builder response(String type, String nonce, Resource... resources) {
        return DeltaDiscoveryResponse.newBuilder().setTypeUrl(type).setNonce(nonce).addAllResources(List.of(resources));
    }

    public static DeltaDiscoveryResponse addresses(String nonce, Resource... resources) {
        return response(AddressSet.TYPE, nonce, resources).build();
    }

    /** A response with one resource that can't be read, of so many bytes. */
    public static DeltaDiscoveryResponse garbage(String nonce, int bytes) {
        byte[] content = new byte[bytes];
        java.util.Arrays.fill(content, (byte) 0xff);
        return addresses(nonce, resource(AddressSet.TYPE, "garbage", "v1", ByteString.copyFrom(content)));
    }

    public static DeltaDiscoveryResponse policies(String nonce, Resource... resources) {
        return response(PolicySet.TYPE, nonce, resources).build();
    }

    static Resource resource(String type, String name, String version, ByteString value) {
        return Resource.newBuilder().setName(name).setVersion(version).setResource(Any.newBuilder().setTypeUrl(type).setValue(value)).build();
    }

    static Resource of(String name, String version, MessageLite address) {
        return resource(AddressSet.TYPE, name, version, address.toByteString());
    }

    public static ByteString bytes(String address) {
        try {
            return ByteString.copyFrom(InetAddress.getByName(address).getAddress());
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A pod with a tunnel, in the namespace default, whose name and account follow from its uid as those of ForeignAgent do. */
    public static WorkloadApi.Workload.Builder pod(String uid, String address, String node) {
        return WorkloadApi.Workload.newBuilder().setUid(uid).setName("name-" + uid).setNamespace("default").setServiceAccount("sa-" + uid)
                .addAddresses(bytes(address)).setNode(node).setTunnelProtocol(WorkloadApi.TunnelProtocol.HBONE);
    }

    public static Resource workload(String version, WorkloadApi.Workload.Builder workload) {
        return of(workload.getUid(), version, WorkloadApi.Address.newBuilder().setWorkload(workload).build());
    }

    static Resource workload(String uid, String version) {
        return workload(version, pod(uid, "10.0.0.1", "test"));
    }

    public static Resource service(String version, WorkloadApi.Service.Builder service) {
        return of(service.getNamespace() + "/" + service.getHostname(), version, WorkloadApi.Address.newBuilder().setService(service).build());
    }

    static Authorization.Builder deny(String name) {
        return Authorization.newBuilder().setNamespace("default").setName(name).setScope(Scope.NAMESPACE).setAction(Action.DENY);
    }

    static Resource policy(Authorization.Builder policy) {
        return resource(PolicySet.TYPE, policy.getNamespace() + "/" + policy.getName(), "", policy.build().toByteString());
    }
}
