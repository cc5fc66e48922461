import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.http.HttpClient;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.http.converter.FormHttpMessageConverter;
import org.springframework.security.oauth2.client.endpoint.OAuth2ClientCredentialsGrantRequest;
import org.springframework.security.oauth2.client.endpoint.RestClientClientCredentialsTokenResponseClient;
import org.springframework.security.oauth2.client.http.OAuth2ErrorResponseErrorHandler;
import org.springframework.security.oauth2.client.registration.ClientRegistration;
import org.springframework.security.oauth2.client.registration.ClientRegistrations;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.core.OAuth2AccessToken;
import org.springframework.security.oauth2.core.http.converter.OAuth2AccessTokenResponseHttpMessageConverter;
import org.springframework.util.LinkedMultiValueMap;
import org.springframework.web.client.RestClient;

/** Spring Security: a certificate in place of a secret, with a RestClient that presents it. */
final class SpringMutualClient {
    public static void main(String[] arguments) throws Exception {
        BufferedReader given = new BufferedReader(new InputStreamReader(System.in));
        String issuer = given.readLine();
        String clientId = given.readLine();
        String apiUrl = given.readLine();
        ClientAuthenticationMethod method = new ClientAuthenticationMethod(given.readLine());
        SSLContext own = Certificates.context(given.readLine());
        SSLContext other = Certificates.context(given.readLine());

        ClientRegistration discovered =
                ClientRegistrations.fromIssuerLocation(issuer)
                        .registrationId("gatepass")
                        .clientId(clientId)
                        .clientAuthenticationMethod(method)
                        .authorizationGrantType(AuthorizationGrantType.CLIENT_CREDENTIALS)
                        .scope("read")
                        .build();
        Map<?, ?> aliases =
                (Map<?, ?>)
                        discovered
                                .getProviderDetails()
                                .getConfigurationMetadata()
                                .get("mtls_endpoint_aliases");
        ClientRegistration registration =
                ClientRegistration.withClientRegistration(discovered)
                        .tokenUri((String) aliases.get("token_endpoint"))
                        .build();
        HttpClient http = HttpClient.newBuilder().sslContext(own).build();
        RestClientClientCredentialsTokenResponseClient client =
                new RestClientClientCredentialsTokenResponseClient();
        // It asks for a converter where the method is not one of secrets: the body has the client id.
        client.addParametersConverter(request -> new LinkedMultiValueMap<>());
        client.setRestClient(
                RestClient.builder()
                        .requestFactory(new JdkClientHttpRequestFactory(http))
                        .messageConverters(
                                converters -> {
                                    converters.clear();
                                    converters.add(new FormHttpMessageConverter());
                                    converters.add(
                                            new OAuth2AccessTokenResponseHttpMessageConverter());
                                })
                        .defaultStatusHandler(new OAuth2ErrorResponseErrorHandler())
                        .build());
        OAuth2AccessToken token =
                client.getTokenResponse(new OAuth2ClientCredentialsGrantRequest(registration))
                        .getAccessToken();

        System.out.println(
                token.getTokenType().getValue()
                        + " "
                        + Certificates.call(apiUrl, token.getTokenValue(), own)
                        + " "
                        + Certificates.call(apiUrl, token.getTokenValue(), other));
    }
}
