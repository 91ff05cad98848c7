package io.inpod.examples.ztunnel.health;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;

/** Answers Prometheus: in its text format or as OpenMetrics, whatever it accepts, and with gzip if it accepts that. */
public final class Scrape {
    private static final ExpositionFormats FORMATS = ExpositionFormats.init();

    private final PrometheusRegistry registry;

    /**
     * Creates a page.
     *
     * @param registry what is answered
     */
    public Scrape(PrometheusRegistry registry) {
        this.registry = registry;
    }

    /**
     * Answers with the present values.
     *
     * @param request the headers of the request
     * @return the answer
     */
    public HttpPages.Answer answer(HttpHeaders request) {
        ExpositionFormatWriter writer = writer(request.get(HttpHeaderNames.ACCEPT, ""));
        boolean gzip = request.get(HttpHeaderNames.ACCEPT_ENCODING, "").toLowerCase(Locale.ROOT)
                .matches(".*\\bgzip\\b(?!;q=0(\\.0*)?\\b(?!\\.)).*");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = gzip ? new GZIPOutputStream(bytes) : bytes) {
            MetricSnapshots now = registry.scrape();
            writer.write(out, now);
        } catch (IOException e) {
            throw new UncheckedIOException("into memory", e);
        }
        return new HttpPages.Answer(200, writer.getContentType(), gzip ? "gzip" : null, bytes.toByteArray());
    }

    /** Prometheus may ask for protobuf before all others, which isn't here: it gets the next that it accepts. */
    private static ExpositionFormatWriter writer(String accept) {
        ExpositionFormatWriter first = FORMATS.findWriter(accept);
        if (first.isAvailable()) {
            return first;
        }
        ExpositionFormatWriter next = FORMATS.getOpenMetricsTextFormatWriter();
        return next.accepts(accept) ? next : FORMATS.getPrometheusTextFormatWriter();
    }
}
