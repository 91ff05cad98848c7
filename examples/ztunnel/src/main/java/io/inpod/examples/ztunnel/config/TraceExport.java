package io.inpod.examples.ztunnel.config;

/**
 * Whether traces are exported. How, is said by the other variables that OpenTelemetry's SDK reads itself, such as OTEL_SERVICE_NAME and
 * OTEL_TRACES_SAMPLER.
 */
final class TraceExport {
    private static final String PROTOCOL = "http/protobuf";

    private TraceExport() {}

    static boolean isWanted(Variables env) throws ConfigException {
        boolean hasEndpoint =
                !env.text("OTEL_EXPORTER_OTLP_ENDPOINT", "").isEmpty() || !env.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "").isEmpty();
        String exporter = env.text("OTEL_TRACES_EXPORTER", hasEndpoint ? "otlp" : "none");
        if (!exporter.equals("otlp") && !exporter.equals("none")) {
            throw new ConfigException("OTEL_TRACES_EXPORTER must be otlp or none, not \"" + exporter + "\"");
        }
        boolean isDisabled = env.flag("OTEL_SDK_DISABLED", false);
        boolean isWanted = exporter.equals("otlp") && !isDisabled;
        String protocol = env.text("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", env.text("OTEL_EXPORTER_OTLP_PROTOCOL", PROTOCOL));
        if (isWanted && !protocol.equals(PROTOCOL)) {
            throw new ConfigException("OTEL_EXPORTER_OTLP_PROTOCOL must be " + PROTOCOL + " (mostly port 4318), not \"" + protocol + "\"");
        }
        return isWanted;
    }
}
