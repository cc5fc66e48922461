import com.nimbusds.jose.jwk.ECKey;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import org.springframework.security.oauth2.client.endpoint.NimbusJwtClientAuthenticationParametersConverter;
import org.springframework.security.oauth2.client.endpoint.OAuth2ClientCredentialsGrantRequest;
import org.springframework.security.oauth2.client.endpoint.RestClientClientCredentialsTokenResponseClient;
import org.springframework.security.oauth2.client.registration.ClientRegistration;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.core.OAuth2AccessToken;

/** Spring Security: a signed assertion, as its documentation shows it. */
final class SpringClient {
    public static void main(String[] arguments) throws Exception {
        BufferedReader given = new BufferedReader(new InputStreamReader(System.in));
        String issuer = given.readLine();
        String tokenUrl = given.readLine();
        String clientId = given.readLine();
        String apiUrl = given.readLine();
        ECKey key = ECKey.parse(given.readLine());

        NimbusJwtClientAuthenticationParametersConverter<OAuth2ClientCredentialsGrantRequest>
                signed = new NimbusJwtClientAuthenticationParametersConverter<>(registration -> key);
        signed.setJwtClientAssertionCustomizer(
                context -> context.getClaims().audience(List.of(issuer)));
        RestClientClientCredentialsTokenResponseClient client =
                new RestClientClientCredentialsTokenResponseClient();
        client.addParametersConverter(signed);
        ClientRegistration registration =
                ClientRegistration.withRegistrationId("gatepass")
                        .clientId(clientId)
                        .clientAuthenticationMethod(ClientAuthenticationMethod.PRIVATE_KEY_JWT)
                        .authorizationGrantType(AuthorizationGrantType.CLIENT_CREDENTIALS)
                        .tokenUri(tokenUrl)
                        .scope("read")
                        .build();
        OAuth2AccessToken token =
                client.getTokenResponse(new OAuth2ClientCredentialsGrantRequest(registration))
                        .getAccessToken();

        HttpRequest call =
                HttpRequest.newBuilder(URI.create(apiUrl))
                        .header("Authorization", "Bearer " + token.getTokenValue())
                        .build();
        int status =
                HttpClient.newHttpClient()
                        .send(call, HttpResponse.BodyHandlers.discarding())
                        .statusCode();
        System.out.println(token.getTokenType().getValue() + " " + status);
    }
}
