package io.inpod.examples.istio;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.inpod.examples.istio.CertificateApi.IstioCertificateRequest;
import io.inpod.examples.istio.CertificateApi.IstioCertificateResponse;
import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryRequest;
import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryResponse;

/** The two methods of Istio's control plane that a node proxy calls. */
public final class IstioMethods {
    /** Configuration: one stream in both directions, for as long as both sides live. */
    public static final MethodDescriptor<DeltaDiscoveryRequest, DeltaDiscoveryResponse> DELTA_AGGREGATED_RESOURCES =
            method(MethodType.BIDI_STREAMING,
                    "envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources", DeltaDiscoveryRequest.parser(),
                    DeltaDiscoveryResponse.parser());

    /** A certificate for a signing request. */
    public static final MethodDescriptor<IstioCertificateRequest, IstioCertificateResponse> CREATE_CERTIFICATE = method(MethodType.UNARY,
            "istio.v1.auth.IstioCertificateService/CreateCertificate", IstioCertificateRequest.parser(), IstioCertificateResponse.parser());

    private IstioMethods() {}

    private static <Q extends Message, A extends Message> MethodDescriptor<Q, A> method(MethodType type, String name, Parser<Q> request,
            Parser<A> answer) {
        return MethodDescriptor.newBuilder(new MessageMarshaller<>(request), new MessageMarshaller<>(answer)).setType(type)
                .setFullMethodName(name).build();
    }
}
